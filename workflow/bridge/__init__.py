"""The host's side of the worker: its process, the wall around it, what passes through, and what its failures mean."""
