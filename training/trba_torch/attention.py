# SPDX-License-Identifier: Apache-2.0
"""The attention decoder: one character per step (Shi et al., RARE, CVPR 2016).

    features [n, t, c] --i2h--> keys [n, t, hidden]                  once per picture
    repeat:
      score  = v . tanh(keys + h2h(state))           [n, t]
      alpha  = softmax(score)                        [n, t]          where this step looks
      seen   = sum over t of alpha * features        [n, c]
      state  = lstm(seen, previous character)        [n, hidden]
      logits = generator(state)                      [n, classes]
"""

import torch
from torch import nn
from torch.nn import functional

GO = 0   # the class that stands before the first character
END = 1  # the class "[s]", after the last


class AttentionCell(nn.Module):
    """The weights of one step, under clovaai's names."""

    def __init__(self, input_size, hidden_size, num_class):
        super().__init__()
        self.i2h = nn.Linear(input_size, hidden_size, bias=False)
        self.h2h = nn.Linear(hidden_size, hidden_size)
        self.score = nn.Linear(hidden_size, 1, bias=False)
        self.rnn = nn.LSTMCell(input_size + num_class, hidden_size)

    def forward(self, features, keys, state, previous):
        """features [n, t, c], keys [n, t, hidden], state (h, c) [n, hidden] each, previous [n, classes] one-hot.

        Returns the new state and alpha [n, t].
        """
        scores = self.score(torch.tanh(keys + self.h2h(state[0]).unsqueeze(1)))  # [n, t, 1]
        alpha = scores.softmax(dim=1)
        seen = (alpha.transpose(1, 2) @ features).squeeze(1)
        return self.rnn(torch.cat([seen, previous], dim=1), state), alpha.squeeze(2)


class AttentionDecoder(nn.Module):
    """features [n, t, c] -> (logits [n, steps, classes], alpha [n, steps, t])."""

    def __init__(self, input_size, hidden_size, num_class):
        super().__init__()
        self.attention_cell = AttentionCell(input_size, hidden_size, num_class)
        self.generator = nn.Linear(hidden_size, num_class)

    def forward(self, features, n_steps, text=None):
        """Greedy, or with `text` [n, n_steps] (its first column GO) told the right previous character: for training.

        Greedy decoding runs all the steps and feeds on the arg max also after END, as the reference does.
        """
        cell = self.attention_cell
        keys = cell.i2h(features)
        zeros = features.new_zeros(features.shape[0], cell.h2h.in_features)
        state = (zeros, zeros)
        previous = torch.full(features.shape[:1], GO, dtype=torch.long, device=features.device)
        logits, looks = [], []
        for step in range(n_steps):
            if text is not None:
                previous = text[:, step]
            one_hot = functional.one_hot(previous, self.generator.out_features).to(features.dtype)
            state, alpha = cell(features, keys, state, one_hot)
            logits.append(self.generator(state[0]))
            looks.append(alpha)
            previous = logits[-1].argmax(dim=1)
        return torch.stack(logits, dim=1), torch.stack(looks, dim=1)
