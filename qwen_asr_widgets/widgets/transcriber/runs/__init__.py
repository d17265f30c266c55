"""The runs of a transcriber that stay, also where the cell that shows them is run again."""
