"""Keras files (HDF5 and .keras archives) to layers models and back, without TensorFlow."""
