"""Move models between Python (Keras, TensorFlow) and TensorFlow.js, and show that they still compute the same."""

__version__ = "0.1.0"
