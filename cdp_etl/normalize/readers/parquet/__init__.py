"""Parquet reader.

Belongs here: conversion of Parquet columns and values.
Does not belong here: other formats.
"""
