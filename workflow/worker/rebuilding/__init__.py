"""Models of TensorFlow.js made into what TensorFlow runs: graph models become GraphDefs, and both kinds SavedModels."""
