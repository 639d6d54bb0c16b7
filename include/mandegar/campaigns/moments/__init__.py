"""What campaigns are about, one file for each kind of moment, on the evening of a day."""
