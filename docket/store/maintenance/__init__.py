"""Looking after the store: copies, exports, examination, repair, retention, compaction."""
