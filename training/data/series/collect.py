#!/usr/bin/env python3
"""Collects the series that forecasts are measured on, from packages that ship them, into series.json.

    python -m venv venv
    venv/bin/pip install statsmodels==0.15.0 pmdarima==2.1.1 sktime==1.2.0 vega_datasets==0.9.0 pandas==3.0.6
    venv/bin/python collect.py

None of these series is trained on. `source` names the package and what it reads, `licence` the package's licence and
what is said of the data themselves. Left out: series that a package took from a copyleft collection alone, and those
whose author keeps all rights (statsmodels' copper).
"""

import json
import pathlib
import re

import numpy
import pandas
import pmdarima.datasets
import sktime.datasets
import statsmodels.datasets
import statsmodels.datasets.elec_equip
import vega_datasets

PUBLIC = "BSD-3-Clause; data in the public domain"
FEDERAL = "MIT; data of a United States agency, in the public domain"
# Seasonal period -> steps that are forecast.
HORIZONS = {1: 6, 4: 8, 7: 14, 12: 18, 24: 24}

series = []


def add(name, values, period, source, licence):
    """Keeps a series as it is, but for gaps, which are filled along a line, and seven digits at most."""
    values = pandas.Series(numpy.asarray(values, dtype=float)).interpolate().to_numpy()
    assert numpy.isfinite(values).all() and len(values) > 2 * HORIZONS[period], name
    digits = [float(f"{value:.7g}") for value in values]
    short = [int(value) if value == int(value) else value for value in digits]
    series.append(
        {"name": name, "source": source, "licence": licence, "period": period, "horizon": HORIZONS[period], "values": short}
    )


def stats(name):
    return getattr(statsmodels.datasets, name).load_pandas().data


add("co2", stats("co2")["co2"].resample("MS").mean(), 12, "statsmodels co2, monthly means", PUBLIC)
add("sea-surface", stats("elnino").drop(columns="YEAR").to_numpy().ravel(), 12, "statsmodels elnino", PUBLIC)
add("electrical-equipment", statsmodels.datasets.elec_equip.load_pandas().data.iloc[:, -1], 12, "statsmodels elec_equip", PUBLIC)
add("sunspots", stats("sunspots")["SUNACTIVITY"], 1, "statsmodels sunspots, yearly", PUBLIC)
add("nile", stats("nile")["volume"], 1, "statsmodels nile", PUBLIC)
for column in ["realcons", "realinv", "cpi", "m1", "tbilrate", "unemp"]:
    add(f"us-{column}", stats("macrodata")[column], 4, f"statsmodels macrodata {column}", PUBLIC)

seattle = vega_datasets.local_data.seattle_weather()
for column in ["temp_max", "wind"]:
    name = f"seattle-{column.replace('_', '-')}"
    add(name, seattle[column], 7, f"vega_datasets seattle-weather {column}, daily", FEDERAL)
for place, read in [("seattle", vega_datasets.local_data.seattle_temps), ("san-francisco", vega_datasets.local_data.sf_temps)]:
    # The last eleven weeks of the year.
    values = read()["temp"].to_numpy()[-11 * 7 * 24 :]
    add(f"{place}-hourly", values, 24, f"vega_datasets {place} hourly temperatures, end of 2010", FEDERAL)
employment = vega_datasets.local_data.us_employment()
for column in ["manufacturing", "retail_trade", "government", "information"]:
    name = f"employment-{column.replace('_', '-')}"
    add(name, employment[column], 12, f"vega_datasets us-employment {column}", FEDERAL)

folder = pathlib.Path(sktime.datasets.__file__).parent / "data"
add("airline", sktime.datasets.load_airline(), 12, "sktime load_airline", "BSD-3-Clause")
add("lynx", sktime.datasets.load_lynx(), 1, "sktime load_lynx", "BSD-3-Clause")
for column in ["Consumption", "Income"]:
    changes = sktime.datasets.load_uschange()
    flat = changes[1].assign(Consumption=changes[0]) if isinstance(changes, tuple) else changes
    add(f"change-{column.lower()}", flat[column], 4, f"sktime load_uschange {column}", "BSD-3-Clause")

add("beer", pmdarima.datasets.load_ausbeer(), 4, "pmdarima load_ausbeer", "MIT")
add("residents", pmdarima.datasets.load_austres(), 4, "pmdarima load_austres", "MIT")
add("heart-rate", pmdarima.datasets.load_heartrate(), 1, "pmdarima load_heartrate", "MIT")

lines = ",\n".join(json.dumps(one, separators=(",", ":")) for one in series)
path = pathlib.Path(__file__).with_name("series.json")
path.write_text(re.sub(r"(?<=\d)\.0(?=[,\]])", "", f"[\n{lines}\n]\n"))
print(len(series), "series,", path.stat().st_size, "bytes")
for one in series:
    print(f"{one['name']:24} {len(one['values']):5} values, period {one['period']:2}, last {one['values'][-3:]}")
