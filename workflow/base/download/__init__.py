"""What comes over the network: who is asked and told what, how much is taken, and when it is given up."""
