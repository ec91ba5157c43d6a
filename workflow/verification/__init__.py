"""Whether a converted model still does what its source does: four levels, in every place where it will live."""
