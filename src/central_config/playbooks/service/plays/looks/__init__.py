"""Looks that carry what a plan needs beside the figures: process numbers, starts, sessions."""
