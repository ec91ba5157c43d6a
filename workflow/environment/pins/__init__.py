"""What an environment is pinned to: the lock files, what each was made from, whether they agree, making them anew."""
