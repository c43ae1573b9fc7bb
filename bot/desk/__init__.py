"""What the counter (cogs) and the command line ask of the newsroom, one file per subject; answers are records."""
