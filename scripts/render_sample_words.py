#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""render_sample_words.py - makes the word images of data/ and data/labels.tsv, the same bytes each time.

    word --font--> mask --bend--> mask --light and shadow on a texture--> picture --perspective, blur, noise-->
         --shrink--> the file format of the sample

Everything is drawn SCALE times too large and shrunk at the end, so that edges come out as a camera would see them.
Needs Pillow and NumPy at the versions of tests/requirements.txt, and these Debian packages for the fonts: fonts-lobster
fonts-bebas-neue fonts-comfortaa fonts-roboto-slab fonts-open-sans fonts-cabin fonts-liberation.

    usage: render_sample_words.py [FOLDER]      writes to data/ if no folder is given
"""
import dataclasses
import pathlib
import sys

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

SCALE = 4  # drawn pixels per final pixel
FONTS = {
    "lobster": "/usr/share/fonts/opentype/lobster/lobster.otf",
    "bebas": "/usr/share/fonts/opentype/bebas-neue/BebasNeue-Bold.otf",
    "comfortaa": "/usr/share/fonts/truetype/comfortaa/Comfortaa-Bold.ttf",
    "slab": "/usr/share/fonts/opentype/roboto/slab/RobotoSlab-Bold.otf",
    "opensans": "/usr/share/fonts/truetype/open-sans/OpenSans-Bold.ttf",
    "cabin": "/usr/share/fonts/opentype/cabin/Cabin-SemiBold.otf",
    "serif": "/usr/share/fonts/truetype/liberation/LiberationSerif-Bold.ttf",
    "sans": "/usr/share/fonts/truetype/liberation/LiberationSans-Bold.ttf",
}


# ---- textures: (rng, width, height) -> float [height, width, 3], 0 to 1 ----


def smooth_noise(rng, width, height, cell_w, cell_h):
    """Values around 0, one drawn per cell and blended between cells."""
    grid = rng.standard_normal((max(2, height // cell_h + 2), max(2, width // cell_w + 2))).astype(np.float32)
    return np.asarray(Image.fromarray(grid).resize((width, height), Image.Resampling.BICUBIC))


def fractal_noise(rng, width, height, cell_w, cell_h, octaves=4):
    """Smooth noise at ever finer cells, each half as strong as the one before."""
    total = np.zeros((height, width), np.float32)
    for octave in range(octaves):
        total += smooth_noise(rng, width, height, max(1, cell_w >> octave), max(1, cell_h >> octave)) / 2**octave
    return total / 2


def tinted(shade, colour, contrast):
    """A colour, made lighter and darker by `shade`."""
    return np.clip(np.array(colour)[None, None, :] * (1 + contrast * shade[:, :, None]), 0, 1)


def wood(rng, width, height):
    grain = np.sin(14 * fractal_noise(rng, width, height, width, height // 3, 3) + np.linspace(0, 9, height)[:, None])
    fibre = fractal_noise(rng, width, height, 160, 4, 3)
    return tinted(0.6 * grain + fibre, (0.55, 0.36, 0.20), 0.16)


def stone(rng, width, height):
    return tinted(fractal_noise(rng, width, height, 90, 90, 6), (0.62, 0.59, 0.54), 0.16)


def brick(rng, width, height):
    brick_w, brick_h, mortar = 230, 80, 9
    y, x = np.mgrid[0:height, 0:width]
    row = y // brick_h
    column = (x + (row % 2) * brick_w // 2) // brick_w
    shade = 1.2 * rng.standard_normal((64, 64))[row % 64, column % 64] + fractal_noise(rng, width, height, 40, 40, 5)
    wall = tinted(shade, (0.76, 0.60, 0.47), 0.10)
    is_mortar = (y % brick_h < mortar) | ((x + (row % 2) * brick_w // 2) % brick_w < mortar)
    return np.where(is_mortar[:, :, None], tinted(shade, (0.86, 0.83, 0.77), 0.04), wall)


def cloth(rng, width, height):
    y, x = np.mgrid[0:height, 0:width]
    weave = np.sin(x * 0.9) * np.sin(y * 0.9)
    folds = fractal_noise(rng, width, height, 220, 400, 2)
    return tinted(0.5 * weave + 1.2 * folds, (0.80, 0.74, 0.62), 0.10)


def brushed_metal(rng, width, height):
    return tinted(fractal_noise(rng, width, height, 500, 2, 2), (0.66, 0.68, 0.71), 0.09)


def paper(rng, width, height):
    return tinted(fractal_noise(rng, width, height, 14, 14, 4), (0.93, 0.90, 0.82), 0.025)


def paint(colour):
    """Coloured lacquer: nearly even, with a broad reflection."""
    def texture(rng, width, height):
        reflection = np.exp(-((np.linspace(-1.2, 1, height)[:, None] - 0.25 * np.linspace(-1, 1, width)) / 0.6) ** 2)
        return tinted(fractal_noise(rng, width, height, 300, 300, 3) + 1.4 * reflection, colour, 0.10)
    return texture


# ---- one sample ----


@dataclasses.dataclass(frozen=True)
class Sample:
    file: str
    text: str
    font: str
    texture: object
    ink: tuple                 # colour, 0 to 1
    height: int = 64           # of the file, in pixels
    spacing: float = 0.0       # extra distance between letters, in em
    bend: float = 0.0          # how far the middle rises above the ends, in em
    tilt: float = 0.0          # degrees, counter-clockwise
    perspective: float = 0.0   # how much smaller the right edge is (negative: the left), 0 to 1
    shadow: float = 0.0        # darkness beside the letters
    glow: float = 0.0          # brightness round the letters
    relief: float = 0.0        # light above, shade below: raised letters (negative: carved)
    blur: float = 0.0          # sigma in final pixels
    noise: float = 0.01        # sigma, 0 to 1
    mode: str = "RGB"          # RGB, RGBA, P, L, I;16
    options: tuple = ()        # for Image.save()


def draw_mask(sample, em):
    """The word as float [height, width], 1 where there is ink, with margins; bent: the letters rise along an arc."""
    font = ImageFont.truetype(FONTS[sample.font], em)
    advances = [font.getlength(sample.text[:i + 1]) - font.getlength(sample.text[:i]) + sample.spacing * em
                for i in range(len(sample.text))]
    width, margin = sum(advances), em
    canvas = Image.new("L", (int(width + 2 * margin), int(em * (3 + 2 * abs(sample.bend)))))
    base_y = canvas.height // 2 + em // 3
    x = margin
    for letter, advance in zip(sample.text, advances):
        u = 2 * (x + advance / 2 - margin) / width - 1  # -1 at the left end, 1 at the right
        rise = sample.bend * em * (1 - u * u)
        slope = np.degrees(np.arctan2(-2 * sample.bend * em * u, width / 2))
        cell = Image.new("L", canvas.size)
        ImageDraw.Draw(cell).text((x, base_y - rise), letter, fill=255, font=font, anchor="ls")
        cell = cell.rotate(slope, Image.Resampling.BICUBIC, center=(x + advance / 2, base_y - rise))
        canvas.paste(255, mask=cell)
        x += advance
    return crop_to_ink(canvas, em // 4)


def crop_to_ink(canvas, margin):
    left, top, right, bottom = canvas.getbbox()
    grown = Image.new("L", (right - left + 2 * margin, bottom - top + 2 * margin))
    grown.paste(canvas.crop((left, top, right, bottom)), (margin, margin))
    return np.asarray(grown, np.float32) / 255


def blurred(plane, sigma):
    image = Image.fromarray((np.clip(plane, 0, 1) * 255).astype(np.uint8))
    return np.asarray(image.filter(ImageFilter.GaussianBlur(sigma)), np.float32) / 255


def shifted(plane, dx, dy):
    return np.roll(plane, (dy, dx), axis=(0, 1))


def compose(sample, mask, rng, em):
    """Ink, shadow, glow and relief on the texture: float [height, width, 3]."""
    height, width = mask.shape
    picture = sample.texture(rng, width, height)
    step = max(1, em // 24)
    picture *= 1 - sample.shadow * blurred(shifted(mask, 2 * step, 2 * step), 1.5 * step)[:, :, None]
    halo = blurred(mask, em / 6)[:, :, None] * np.array(sample.ink)
    picture = picture + sample.glow * halo
    wear = 1 + 0.05 * fractal_noise(rng, width, height, 60, 60, 4)[:, :, None]
    picture = picture * (1 - mask[:, :, None]) + np.array(sample.ink) * wear * mask[:, :, None]
    edge = blurred(shifted(mask, -step, -step), step) - blurred(shifted(mask, step, step), step)
    picture += sample.relief * edge[:, :, None]
    light = np.linspace(1.07, 0.93, width)[None, :, None] * np.linspace(1.04, 0.96, height)[:, None, None]
    return np.clip(picture * light, 0, 1)


def perspective_coefficients(target, source):
    """The eight numbers of Image.transform() that take the target corners to the source corners."""
    rows, values = [], []
    for (x, y), (u, v) in zip(target, source):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
        values += [u, v]
    return np.linalg.solve(np.array(rows, float), np.array(values, float))


def turn(sample, picture, surround):
    """Perspective and tilt of what lies inside the `surround`, which fills the corners that come into view."""
    height, width = picture.shape[0] - 2 * surround, picture.shape[1] - 2 * surround
    left_half = height / 2 * (1 - max(0.0, -sample.perspective))
    right_half = height / 2 * (1 - max(0.0, sample.perspective))
    corners = np.array([(-width / 2, -left_half), (width / 2, -right_half),
                        (width / 2, right_half), (-width / 2, left_half)])
    cos, sin = np.cos(np.radians(sample.tilt)), np.sin(np.radians(sample.tilt))
    corners = corners @ np.array([[cos, -sin], [sin, cos]])
    corners -= corners.min(axis=0)

    source = np.array([(0, 0), (width, 0), (width, height), (0, height)]) + surround
    size = tuple(int(np.ceil(side)) for side in corners.max(axis=0))
    image = Image.fromarray((picture * 255 + 0.5).astype(np.uint8))
    return image.transform(size, Image.Transform.PERSPECTIVE, perspective_coefficients(corners, source),
                           Image.Resampling.BICUBIC)


def photograph(sample, image, rng):
    """What a camera adds: the size of the sensor, a little blur, noise. Returns uint8 [height, width, 3]."""
    width = round(image.width * sample.height / image.height)
    small = image.resize((width, sample.height), Image.Resampling.LANCZOS)
    small = small.filter(ImageFilter.GaussianBlur(sample.blur))
    noisy = np.asarray(small, np.float32) / 255 + sample.noise * rng.standard_normal((sample.height, width, 1))
    return (np.clip(noisy, 0, 1) * 255 + 0.5).astype(np.uint8)


def with_alpha(pixels):
    """Round corners cut out by alpha. Who ignores alpha, as Pillow's convert('L') does, sees the full picture."""
    image = Image.fromarray(pixels)
    alpha = Image.new("L", image.size)
    ImageDraw.Draw(alpha).rounded_rectangle((0, 0, image.width - 1, image.height - 1), image.height // 5, fill=255)
    image.putalpha(alpha)
    return image


def as_16_bits(grey):
    """Full 16-bit range with ink that is black: readable whether a program scales the samples, as OpenCV does, or clips
    them at 255, as Pillow's convert('L') does (and shows white where there is no ink)."""
    black_point = 64
    return (np.maximum(grey - black_point, 0) / (255 - black_point) * 65535).astype(np.uint16)


def in_mode(pixels, mode):
    image = Image.fromarray(pixels)
    if mode == "RGBA":
        return with_alpha(pixels)
    if mode == "P":
        return image.quantize(48, dither=Image.Dither.NONE)
    if mode == "L":
        return image.convert("L")
    if mode == "I;16":
        return Image.fromarray(as_16_bits(np.asarray(image.convert("L"), np.float32)))
    return image


def render(sample, seed):
    rng = np.random.default_rng(seed)
    em = sample.height * SCALE * 2 // 3
    surround = 2 * em
    picture = compose(sample, np.pad(draw_mask(sample, em), surround), rng, em)
    return in_mode(photograph(sample, turn(sample, picture, surround), rng), sample.mode)


JPEG = (("quality", 88),)
SAMPLES = (
    Sample("bakery.jpg", "Bakery", "lobster", wood, (0.97, 0.93, 0.80), shadow=0.6, tilt=4, options=JPEG),
    Sample("exit.png", "EXIT", "sans", paint((0.05, 0.42, 0.24)), (0.95, 0.97, 0.95), spacing=0.12, mode="P"),
    Sample("harbour.png", "HARBOUR", "bebas", paint((0.08, 0.19, 0.42)), (0.96, 0.96, 0.93), spacing=0.06,
           perspective=0.3, shadow=0.3),
    Sample("library.png", "LIBRARY", "serif", stone, (0.47, 0.44, 0.40), spacing=0.08, relief=-0.55, noise=0.004,
           mode="RGBA"),
    Sample("market.jpg", "Market", "cabin", cloth, (0.55, 0.12, 0.10), tilt=-7, mode="L", options=JPEG),
    Sample("museum.png", "museum", "comfortaa", brushed_metal, (0.12, 0.13, 0.15), relief=0.3, shadow=0.35,
           noise=0.005),
    Sample("night.png", "OPEN", "comfortaa", paint((0.07, 0.05, 0.09)), (1.0, 0.42, 0.55), glow=0.9, spacing=0.05,
           blur=0.5, noise=0.02),
    Sample("number.png", "1984", "slab", brick, (0.06, 0.06, 0.08), tilt=-3, height=72, mode="I;16"),
    Sample("platform.jpg", "Platform", "opensans", paint((0.16, 0.17, 0.20)), (0.95, 0.83, 0.20), blur=1.3, noise=0.03,
           height=48, options=JPEG),
    Sample("riverside.jpg", "RIVERSIDE", "slab", wood, (0.13, 0.08, 0.05), bend=0.75, height=96,
           options=JPEG + (("progressive", True),)),
    Sample("station.jpg", "STATION", "sans", brushed_metal, (0.10, 0.14, 0.33), tilt=9, perspective=-0.25, height=88,
           options=JPEG),
    Sample("tickets.png", "Tickets", "serif", paper, (0.16, 0.13, 0.12), bend=-0.35, height=80, blur=0.4),
)


def main():
    folder = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).resolve().parent.parent / "data")
    for seed, sample in enumerate(SAMPLES, 1):
        render(sample, seed).save(folder / sample.file, **dict(sample.options))
    labels = [f"{sample.file}\t{sample.text}\n" for sample in SAMPLES]
    (folder / "labels.tsv").write_text("".join(labels), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
