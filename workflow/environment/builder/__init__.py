"""The child process that builds a conda environment with py-rattler (``python -m`` this package).

A process of its own because rattler's runtime sometimes crashes while the interpreter shuts down: this one
answers one request on its line (``base/dialogue``), with news before, and leaves by ``os._exit`` before that.
"""
