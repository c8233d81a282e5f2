"""Text that depends on the prompt: paragraphs, thoughts, lyrics, and JSON that fits a schema."""

from __future__ import annotations

import json
import random
from typing import Any

from generations.simulator.subject import Subject

OPENINGS = ("In short,", "To begin with,", "Seen closely,", "As a first answer,", "Taken as a whole,", "Put plainly,")
NOUNS = ("harbour", "signal", "garden", "ledger", "window", "compass", "river", "archive", "lantern", "bridge")
VERBS = ("carries", "reveals", "follows", "balances", "gathers", "frames", "softens", "measures", "answers", "crosses")
ADJECTIVES = ("quiet", "bright", "patient", "narrow", "distant", "simple", "steady", "curious", "open", "early")
CHORDS = ("C", "G", "Am", "F", "Dm", "Em", "D", "A", "Bm", "E")


def _clause(dice: random.Random) -> str:
    first, second = dice.sample(NOUNS, 2)
    return f"the {dice.choice(ADJECTIVES)} {first} {dice.choice(VERBS)} the {dice.choice(ADJECTIVES)} {second}"


def paragraph(subject: Subject) -> str:
    """Four to seven sentences; the first one names the prompt."""
    dice = subject.dice()
    sentences = [f"{dice.choice(OPENINGS)} this is about “{subject.title}”."]
    for _ in range(dice.randint(3, 6)):
        first, second = _clause(dice), _clause(dice)
        sentences.append(f"{first[0].upper()}{first[1:]}, and {second}.")
    return " ".join(sentences)


def thought(subject: Subject) -> str:
    """One sentence, as a summary of thoughts reads."""
    return f"The request is “{subject.title}”; {_clause(subject.dice())}."


def lyrics(subject: Subject) -> str:
    """The structure of a song with its lines: what Lyria writes beside the audio."""
    dice = subject.dice()
    tempo, key = dice.randrange(70, 150), dice.choice(CHORDS)
    blocks = [f"{subject.title}\n{tempo} BPM, key of {key}"]
    for name in ("Verse 1", "Chorus", "Verse 2", "Outro"):
        lines = "\n".join(_clause(dice).capitalize() for _ in range(2))
        blocks.append(f"[{name}: {' '.join(dice.sample(CHORDS, 4))}]\n{lines}")
    return "\n\n".join(blocks)


def document(subject: Subject, schema: dict[str, Any] | None) -> str:
    """JSON text: an instance of `schema` when there is one, else an object with one field, `answer`."""
    if not schema:
        return json.dumps({"answer": paragraph(subject)}, ensure_ascii=False)
    return json.dumps(_instance(schema, subject.dice()), ensure_ascii=False)


def _instance(schema: dict[str, Any], dice: random.Random) -> Any:
    if "enum" in schema:
        return dice.choice(schema["enum"])
    kind = str(schema.get("type", "object")).lower()
    if kind == "object":
        return {name: _instance(inner, dice) for name, inner in schema.get("properties", {}).items()}
    if kind == "array":
        return [_instance(schema.get("items", {"type": "string"}), dice) for _ in range(2)]
    scalars: dict[str, Any] = {"integer": dice.randint(1, 99), "number": dice.randint(1, 990) / 10, "boolean": True}
    return scalars.get(kind) or _clause(dice)
