"""The shape of a benchmark's result. Measuring is each bench's own work; printing is the command line's."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """One measured figure beside the naive way, taken in the same run on the same machine.

    ratio: how many times better `value` is than `baseline_value` (above 1 is better), unless `note` says what it means.
    """

    name: str
    value: float
    unit: str
    baseline: str
    baseline_value: float
    ratio: float
    note: str = ""
