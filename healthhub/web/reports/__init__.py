"""Reports as tagged PDF (PDF/UA-1, PDF/A-2a), set by Typst from plain data: what people typed can never become a command.

paper.pdf(sheet, ...)   sets a sheet: blocks of headings, tiles, tables and drawings
visit.sheet(...)        one patient's report for a visit
panel.sheet(...)        a month of a clinic's patients
"""
