"""Charts drawn on the server as SVG: the same for the page, for print and for a report as PDF.

Pure functions: values in, an `Svg` out; no request, no database, no language. `page(svg)` gives markup whose colours come from
classes (trend.css; the page's policy forbids inline styles), `paper(svg)` the same with colours as attributes, for a PDF.

    course.course(...)     values over time: limits, bands, ribbons, marks, gaps; pairs such as blood pressure; bars of days
    shares.shares(...)     a stacked bar of shares, such as time in range; every label is there, none over another
    profile.profile(...)   percentiles by time of day
    profile.one_day(...)   one small day beside others

Times are seconds since the epoch, values in the unit that is shown.
"""
