"""Conversions between model formats: which there are, their options, and the bridge to the reference converter."""
