"""HDF5 files without libhdf5, as h5py writes them: it crashes or hangs on damaged ones, and takes its time to load."""
