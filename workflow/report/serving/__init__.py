"""The demo page: a converted model in the user's own browser, served on this machine alone."""
