"""The parts of story grouping: clean a title, read its facts, and say whether two readings can be one event."""
