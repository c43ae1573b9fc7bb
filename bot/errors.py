"""Errors that are answers: their message is shown to the person as it is, and ends in what they can do."""

from __future__ import annotations


class UserError(Exception):
    """A wish that cannot be met. The message is already in the person's language and safe to show."""


class StartError(Exception):
    """Headframe cannot start; one clear sentence for the operator."""
