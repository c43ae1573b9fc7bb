"""Views, modals and small helpers the cogs share."""
