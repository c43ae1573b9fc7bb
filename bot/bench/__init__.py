"""The benchmark suite: every row is measured against the naive way in the same run."""
