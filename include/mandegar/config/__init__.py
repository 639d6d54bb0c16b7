"""The company as it wants to be measured: its file, its settings, the systems its rows come from; and the entities they become."""
