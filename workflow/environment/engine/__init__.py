"""The child process that builds a conda environment with py-rattler (``python -m`` this package).

A process of its own because rattler's runtime sometimes crashes while the interpreter shuts down: this one
reads a request as a line of JSON, writes events as lines of JSON, and leaves by ``os._exit`` before that.
"""
