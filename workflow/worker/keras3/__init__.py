"""What runs in the environment ``keras3``: files of Keras 3 are loaded by today's Keras and become SavedModels."""
