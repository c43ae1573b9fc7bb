"""What each command of `headframe` does; one file per kind. A handler takes the arguments, returns the exit status."""
