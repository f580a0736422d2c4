# SPDX-License-Identifier: Apache-2.0
"""From logits to text and confidence, for one picture: greedy, in our own semantics and in the reference programs'.

Ours and the reference's differ for attention only, where clovaai's demo.py has defects (docs/COMPATIBILITY.md):

                              demo.py                                     ours
    no [s] in max + 1 steps   the last token is dropped                   the first `max_length` characters, truncated
    [s] at once               stops with an IndexError (here: 0)          "", with the probability of [s]
    nothing but [GO]          prints them                                 "", truncated, with 0
    a [GO] within             prints as four letters; the confidence      dropped
                              then covers the wrong steps
    the text "a[s]b"          cut to "a": looks for the substring         stops at the token only
"""

from dataclasses import dataclass

import numpy as np
import torch

from .attention import END, GO


@dataclass(frozen=True)
class Reading:
    text: str
    confidence: float
    truncated: bool = False
    n_steps: int = 0        # steps (frames) up to and including the end token: what is needed to know the text


def top_classes(logits):
    """[steps, classes] -> (probability [steps] float32, class [steps])."""
    return logits.float().softmax(dim=1).max(dim=1)


def multiply(probabilities):
    """The product in float32, in order, as the reference does it. Of at least one."""
    return float(probabilities.cumprod(dim=0)[-1])


def collapse(classes, charset):
    """CTC: drop repeats, then blanks."""
    return "".join(charset[k - 1] for i, k in enumerate(classes) if k and not (i and classes[i - 1] == k))


def decode_ctc(logits, charset):
    """clovaai's and ours: the confidence is the product over every frame, blanks included."""
    probability, best = top_classes(logits)
    return Reading(collapse(best.tolist(), charset), multiply(probability), n_steps=len(best))


def decode_ctc_easyocr(logits, charset):
    """EasyOCR's confidence: the product over the frames that are not blank, to the power 2/sqrt(their number)."""
    probability, best = top_classes(logits)
    seen = probability[best != 0].numpy()
    confidence = float(seen.prod() ** (2.0 / np.sqrt(len(seen)))) if len(seen) else 0.0
    return Reading(collapse(best.tolist(), charset), confidence, n_steps=len(best))


def decode_attention(logits, charset, max_length):
    """Ours. `logits` holds at least the steps up to the first [s], at most max_length + 1."""
    probability, best = top_classes(logits)
    classes = best.tolist()
    end = classes.index(END) if END in classes else None
    spoken = [step for step in range(len(classes) if end is None else end) if classes[step] != GO][:max_length]
    text = "".join(charset[classes[step] - 2] for step in spoken)
    if spoken:
        confidence = multiply(probability[spoken])
    else:
        confidence = 0.0 if end is None else float(probability[end])
    return Reading(text, confidence, end is None, len(classes) if end is None else end + 1)


def decode_attention_demo(logits, charset):
    """demo.py to the letter; where it stops with an IndexError, "" and 0. `logits` holds all max_length + 1 steps."""
    probability, best = top_classes(logits)
    tokens = ["[GO]", "[s]", *charset]
    text = "".join(tokens[k] for k in best.tolist())
    cut = text.find("[s]")  # a character index, -1 if there is none; used on the steps as well
    kept = probability[:cut]
    return Reading(text[:cut], multiply(kept) if len(kept) else 0.0, n_steps=len(best))


def top_margin(logits):
    """The smallest distance between the best and the second-best logit of any step: how far the text is from a tie."""
    best = torch.topk(logits, 2, dim=-1).values
    return float((best[..., 0] - best[..., 1]).min())
