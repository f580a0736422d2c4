# SPDX-License-Identifier: Apache-2.0
"""Pictures of words, made up: what the network is trained on. No photographed text goes in.

    dice.py          the random numbers of one picture
    packages.py      the Debian packages of ../packages.tsv and their files
    texts.py         what is written: words, names, numbers, prices, dates, codes, addresses
    typefaces.py     what it is written with: the fonts, their characters and style
    lettering.py     text -> mask: one line of letters, with fragments of its neighbours
    backgrounds.py   what it is written on: procedural textures and photographs
    ink.py           mask + background -> a painted sign
    viewpoint.py     the sign seen from somewhere: curve, perspective, crop
    camera.py        light, lens, sensor and file format
    renderer.py      Renderer: the number of a picture -> picture and text
"""

from .renderer import Renderer

__all__ = ["Renderer"]
