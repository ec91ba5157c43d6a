"""The fast way to graph models: trace, freeze, optimise, repair, write, each a stage of its own."""
