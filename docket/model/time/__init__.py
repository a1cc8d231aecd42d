"""Instants, spans, calendars and fires."""
