"""The trend pages: her kinds at a glance, and one kind over a day, a week, a month, three months or a year.

For other pages, such as the doctor's: `{% url 'trend_part' patient.id kind %}?span=month&until=2026-11-23` gives the figure of one kind
(`hh/trend_part.html`: sentence, chart, legend, table, and what belongs to blood pressure or glucose) as one <section id="trend-part">,
to be fetched by hx-get with hx-swap="outerHTML"; the page must load `healthhub/trend.css` and, for zoom, the module `healthhub/trend.js`.
Spans are those of `spans.SPANS`. The same rights and the same entries of the access log hold as on the page itself.

    spans    which days are asked for, and the dates under a chart
    found    what is read from the rooms below: readings or days, figures, limits, alerts, medication, forecasts
    scene    what of it is drawn (healthhub.web.drawing), and as columns for dense charts
    words    the sentence, the trend, the legend, the table
    pressure, glucose    what only these kinds have
    views    the pages
"""
