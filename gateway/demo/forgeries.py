"""Packets that must not pass: each is a good one with a single thing wrong."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from gateway.demo.cast import Player
from gateway.demo.papers import Enclosure, Paper, seal


def attachment_swapped(paper: Paper, other: Enclosure) -> Paper:
    """Another file under the name of the sealed one; the envelope is untouched."""
    return replace(paper, enclosures=(other, *paper.enclosures[1:]))


def header_changed(paper: Paper, old: str, new: str) -> Paper:
    """Words of the sealed header replaced; the seal is left as it was. ValueError where they do not stand there."""
    if old.encode() not in paper.skeleton:
        raise ValueError(f"{old!r} does not stand in the packet")
    return replace(paper, skeleton=paper.skeleton.replace(old.encode(), new.encode()))


def tag_misspelt(paper: Paper) -> Paper:
    """An end tag that closes nothing: no XML any more."""
    return replace(paper, skeleton=paper.skeleton.replace(b"</edXML:Subject>", b"</edXML:Subjekt>", 1))


def same_id_other_words(paper: Paper, subject: str, sender: Player, at: datetime) -> Paper:
    """A new document under the id of `paper`, sealed as truly as the first."""
    return seal(replace(paper.document, subject=subject, content=subject), paper.enclosures, sender, at)
