"""What tools/enhanced-flv is made of: one reader for each kind of source. Sections are cited as it says."""
