// When the events of calendars are, by ical.js: ical.cjs FROM UNTIL FILE...; as `fires.py ical`.
const fs = require("fs");
const loaded = require("ical.js");
const ICAL = loaded.default || loaded;
const [begin, end, ...files] = process.argv.slice(2);
const told = files.map((file) => {
  const calendar = new ICAL.Component(ICAL.parse(fs.readFileSync(file, "utf8")));
  calendar.getAllSubcomponents("vtimezone").forEach((zone) => ICAL.TimezoneService.register(zone));
  const moments = [];
  for (const component of calendar.getAllSubcomponents("vevent")) {
    const times = new ICAL.Event(component).iterator();
    for (let next = times.next(); next; next = times.next()) {
      const moment = next.toUnixTime();
      if (moment > Number(end)) break;
      if (moment > Number(begin)) moments.push(moment);
    }
  }
  return moments.sort((one, other) => one - other);
});
console.log(JSON.stringify(told));
