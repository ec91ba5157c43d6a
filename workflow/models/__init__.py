"""What a model file is: one module per format, read on the host without TensorFlow."""
