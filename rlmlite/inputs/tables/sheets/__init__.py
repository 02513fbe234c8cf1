"""Sheets, the form in which every table is kept: cells spelled, rows written, and what a worker wrote checked."""
