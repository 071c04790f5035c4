"""Hypothesis strategies that spoil a right file in the ways that files get spoilt.

Not here: what must hold for such a file, which is each format's own.
"""

from collections.abc import Sequence

from hypothesis import strategies as st


@st.composite
def cut_files(draw: st.DrawFn, contents: Sequence[bytes]) -> bytes:
    """Draw one of the files without some piece of it; never an empty one."""
    content = draw(st.sampled_from(contents))
    start = draw(st.integers(0, len(content) - 1))
    end = draw(st.integers(start, len(content)))
    return content[:start] + content[end:] or b"x"


@st.composite
def reordered_files(draw: st.DrawFn, contents: Sequence[bytes]) -> bytes:
    """Draw one of the files with some lines lost, doubled or moved."""
    lines = draw(st.sampled_from(contents)).split(b"\n")
    place = st.integers(0, len(lines) - 1)
    start, other, size = draw(place), draw(place), draw(st.integers(1, 8))
    taken, rest = lines[start : start + size], lines[:start] + lines[start + size :]
    doubled, moved = lines[:other] + taken + lines[other:], rest[:other] + taken + rest[other:]
    return b"\n".join(draw(st.sampled_from((rest, doubled, moved)))) or b"x"


@st.composite
def altered_files(draw: st.DrawFn, contents: Sequence[bytes], characters: bytes) -> bytes:
    """Draw one of the files with a few bytes replaced by some of ``characters``."""
    changed = bytearray(draw(st.sampled_from(contents)))
    for _ in range(draw(st.integers(1, 5))):
        changed[draw(st.integers(0, len(changed) - 1))] = draw(st.sampled_from(characters))
    return bytes(changed)
