"""Labels between the warehouse and Label Studio, or CSV: rows that are asked about go out, answers come back."""
