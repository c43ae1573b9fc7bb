"""What a check of `headframe doctor` found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Verdict = Literal["ok", "warn", "FAIL"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One line: FAIL blocks; text ends in the mend where there is something to mend."""

    verdict: Verdict
    subject: str
    text: str
