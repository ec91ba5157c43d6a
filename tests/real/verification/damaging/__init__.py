"""Damages to results that the tool made: what is done to which, and what judges outside the product say of it."""
