"""`python -m bot` is `headframe`."""

from bot.cli import main

raise SystemExit(main())
