//! Calendars in the forms that Google and Outlook export, and what is odd about each.

use super::*;
use chrono::TimeZone;

/// As Google Calendar exports one: `X-WR-TIMEZONE`, whole days that are marked as free, an event of a series that was moved and one that was
/// taken away.
pub(crate) const GOOGLE: &str = "BEGIN:VCALENDAR\r\nPRODID:-//Google Inc//Google Calendar 70.9054//EN\r\nVERSION:2.0\r\nCALSCALE:GREGORIAN\r\n\
METHOD:PUBLISH\r\nX-WR-CALNAME:Freezes\r\nX-WR-TIMEZONE:Europe/Berlin\r\n\
BEGIN:VTIMEZONE\r\nTZID:Europe/Berlin\r\nX-LIC-LOCATION:Europe/Berlin\r\n\
BEGIN:DAYLIGHT\r\nTZOFFSETFROM:+0100\r\nTZOFFSETTO:+0200\r\nTZNAME:CEST\r\nDTSTART:19700329T020000\r\nRRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU\r\nEND:DAYLIGHT\r\n\
BEGIN:STANDARD\r\nTZOFFSETFROM:+0200\r\nTZOFFSETTO:+0100\r\nTZNAME:CET\r\nDTSTART:19701025T030000\r\nRRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU\r\nEND:STANDARD\r\n\
END:VTIMEZONE\r\n\
BEGIN:VEVENT\r\nDTSTART;VALUE=DATE:20261224\r\nDTEND;VALUE=DATE:20270104\r\nDTSTAMP:20261120T100000Z\r\nUID:1@google.com\r\nSTATUS:CONFIRMED\r\nSUMMARY:Change freeze over the hol\r\n idays\\, all regions\r\nTRANSP:TRANSPARENT\r\nEND:VEVENT\r\n\
BEGIN:VEVENT\r\nDTSTART;TZID=Europe/Berlin:20261002T180000\r\nDTEND;TZID=Europe/Berlin:20261002T200000\r\nRRULE:FREQ=WEEKLY;UNTIL=20261113T225959Z;BYDAY=FR\r\nEXDATE;TZID=Europe/Berlin:20261016T180000\r\nUID:2@google.com\r\nSTATUS:CONFIRMED\r\nSUMMARY:Payroll\r\nTRANSP:OPAQUE\r\nEND:VEVENT\r\n\
BEGIN:VEVENT\r\nDTSTART;TZID=Europe/Berlin:20261031T100000\r\nDTEND;TZID=Europe/Berlin:20261031T110000\r\nRECURRENCE-ID;TZID=Europe/Berlin:20261030T180000\r\nUID:2@google.com\r\nSTATUS:CONFIRMED\r\nSUMMARY:Payroll\\, moved\r\nEND:VEVENT\r\n\
BEGIN:VEVENT\r\nDTSTART:20261106T170000Z\r\nDTEND:20261106T190000Z\r\nRECURRENCE-ID:20261106T170000Z\r\nUID:2@google.com\r\nSTATUS:CANCELLED\r\nSUMMARY:Payroll\r\nEND:VEVENT\r\n\
BEGIN:VEVENT\r\nDTSTART:20261001T080000Z\r\nDTEND:20261001T090000Z\r\nUID:3@google.com\r\nSTATUS:CANCELLED\r\nSUMMARY:Called off\r\nEND:VEVENT\r\n\
END:VCALENDAR\r\n";

/// As Outlook exports one: zones by what Windows calls them, rules since 1601, a series of whole days until a moment in UTC.
pub(crate) const OUTLOOK: &str = "BEGIN:VCALENDAR\r\nPRODID:-//Microsoft Corporation//Outlook 16.0 MIMEDIR//EN\r\nVERSION:2.0\r\nMETHOD:PUBLISH\r\nX-CALSTART:20261001T000000Z\r\n\
X-WR-RELCALID:{0000002E-3B17-9D4F-8A26-7D1C5E0A9B31}\r\nX-WR-CALNAME:Freezes\r\n\
BEGIN:VTIMEZONE\r\nTZID:Pacific Standard Time\r\n\
BEGIN:STANDARD\r\nDTSTART:16011104T020000\r\nRRULE:FREQ=YEARLY;BYDAY=1SU;BYMONTH=11\r\nTZOFFSETFROM:-0700\r\nTZOFFSETTO:-0800\r\nEND:STANDARD\r\n\
BEGIN:DAYLIGHT\r\nDTSTART:16010311T020000\r\nRRULE:FREQ=YEARLY;BYDAY=2SU;BYMONTH=3\r\nTZOFFSETFROM:-0800\r\nTZOFFSETTO:-0700\r\nEND:DAYLIGHT\r\n\
END:VTIMEZONE\r\n\
BEGIN:VEVENT\r\nCLASS:PUBLIC\r\nCREATED:20261101T120000Z\r\nDESCRIPTION:No changes\\, please.\\n\r\nDTSTART;TZID=\"Pacific Standard Time\":20261030T160000\r\nDTEND;TZID=\"Pacific Standard Time\":20261030T180000\r\nRRULE:FREQ=WEEKLY;COUNT=3;BYDAY=FR\r\nSUMMARY;LANGUAGE=en-us:Month end\r\nTRANSP:OPAQUE\r\nUID:040000008200E00074C5B7101A82E008\r\nX-MICROSOFT-CDO-BUSYSTATUS:BUSY\r\nBEGIN:VALARM\r\nTRIGGER:-PT15M\r\nACTION:DISPLAY\r\nDESCRIPTION:Reminder\r\nEND:VALARM\r\nEND:VEVENT\r\n\
BEGIN:VEVENT\r\nDTSTART;VALUE=DATE:20261126\r\nDTEND;VALUE=DATE:20261128\r\nSUMMARY;LANGUAGE=en-us:Black Friday\r\nTRANSP:TRANSPARENT\r\nUID:2\r\nX-MICROSOFT-CDO-ALLDAYEVENT:TRUE\r\nX-MICROSOFT-CDO-BUSYSTATUS:FREE\r\nEND:VEVENT\r\n\
END:VCALENDAR\r\n";

fn freezes(calendar: &str, from: (i32, u32, u32), days: i64) -> Vec<String> {
    let from = Utc.with_ymd_and_hms(from.0, from.1, from.2, 0, 0, 0).unwrap();
    let read = Calendar::read("x.ics", calendar.as_bytes(), None).unwrap_or_else(|problem| panic!("{problem}"));
    let found = read.freezes(Period::of(from, chrono::TimeDelta::days(days))).unwrap_or_else(|problem| panic!("{problem}"));
    let told = |at: DateTime<Utc>| at.format("%m-%d %H:%M").to_string();
    found.iter().map(|freeze| format!("{}..{} {}", told(freeze.period.from), told(freeze.period.until), freeze.name)).collect()
}

/// One event with these lines.
fn event(lines: &str) -> String {
    format!("BEGIN:VCALENDAR\nBEGIN:VEVENT\nSUMMARY:e\n{lines}\nEND:VEVENT\nEND:VCALENDAR\n")
}

fn of_event(lines: &str) -> Vec<String> {
    let found = freezes(&event(lines), (2026, 1, 1), 365);
    found.into_iter().map(|told| told.trim_end_matches(" e").to_owned()).collect()
}

fn problem(text: &str) -> String {
    Calendar::read("x.ics", text.as_bytes(), None).unwrap_err().message
}

#[test]
fn googles_export_is_read_with_whole_days_series_moved_and_cancelled_events() {
    // Summer time ends on 25 October: from then on 18:00 in Berlin is 17:00 in UTC. The 16th was taken out, the 30th moved, 6 November cancelled.
    let found = freezes(GOOGLE, (2026, 10, 1), 120);
    let wanted = [
        "10-02 16:00..10-02 18:00 Payroll",
        "10-09 16:00..10-09 18:00 Payroll",
        "10-23 16:00..10-23 18:00 Payroll",
        "10-31 09:00..10-31 10:00 Payroll, moved",
        "11-13 17:00..11-13 19:00 Payroll",
        "12-23 23:00..01-03 23:00 Change freeze over the holidays, all regions",
    ];
    assert_eq!(found, wanted);
}

#[test]
fn outlooks_export_is_read_with_zones_as_windows_calls_them() {
    // Summer time ends on 1 November there. Whole days are those of the calendar's only zone.
    let wanted = [
        "10-30 23:00..10-31 01:00 Month end",
        "11-07 00:00..11-07 02:00 Month end",
        "11-14 00:00..11-14 02:00 Month end",
        "11-26 08:00..11-28 08:00 Black Friday",
    ];
    assert_eq!(freezes(OUTLOOK, (2026, 10, 1), 120), wanted);
    // A zone without a name of its own is what the calendar says it is.
    assert_eq!(freezes(&OUTLOOK.replace("Pacific Standard Time", "Customized Time Zone 1"), (2026, 10, 1), 120), wanted);
}

#[test]
fn an_event_without_an_end_lasts_a_day_or_no_time() {
    assert_eq!(of_event("DTSTART;VALUE=DATE:20261224"), ["12-24 00:00..12-25 00:00"]);
    assert_eq!(of_event("DTSTART:20261224T180000Z"), ["12-24 18:00..12-24 18:00"]);
    assert_eq!(of_event("DTSTART:20261224T180000Z\nDURATION:P1DT2H"), ["12-24 18:00..12-25 20:00"]);
}

#[test]
fn a_night_over_the_change_of_clocks_ends_at_its_hour_by_the_clock() {
    let night = "DTSTART;TZID=Europe/Berlin:20261023T220000\nDTEND;TZID=Europe/Berlin:20261024T060000\nRRULE:FREQ=DAILY;COUNT=3";
    assert_eq!(of_event(night), ["10-23 20:00..10-24 04:00", "10-24 20:00..10-25 05:00", "10-25 21:00..10-26 05:00"]);
    let exact = "DTSTART;TZID=Europe/Berlin:20261024T220000\nDURATION:PT8H";
    assert_eq!(of_event(exact), ["10-24 20:00..10-25 04:00"]);
    let elsewhere = "DTSTART;TZID=Europe/Berlin:20261024T220000\nDTEND;TZID=America/New_York:20261024T230000";
    assert_eq!(of_event(elsewhere), ["10-24 20:00..10-25 03:00"]);
}

#[test]
fn days_are_added_and_left_out_in_every_form() {
    let added = "DTSTART:20260105T100000Z\nDTEND:20260105T110000Z\nRDATE:20260106T100000Z,20260107T100000Z\n\
                 RDATE;VALUE=PERIOD:20260108T100000Z/PT30M,20260109T100000Z/20260109T103000Z\nEXDATE:20260106T100000Z";
    let wanted = ["01-05 10:00..01-05 11:00", "01-07 10:00..01-07 11:00", "01-08 10:00..01-08 10:30", "01-09 10:00..01-09 10:30"];
    assert_eq!(of_event(added), wanted);
    let by_day = "DTSTART:20260105T100000Z\nDTEND:20260105T110000Z\nRRULE:FREQ=DAILY;COUNT=3\nEXDATE;VALUE=DATE:20260106";
    assert_eq!(of_event(by_day), ["01-05 10:00..01-05 11:00", "01-07 10:00..01-07 11:00"]);
    let days = "DTSTART;VALUE=DATE:20260105\nRRULE:FREQ=DAILY;UNTIL=20260107\nEXDATE;VALUE=DATE:20260106";
    assert_eq!(of_event(days), ["01-05 00:00..01-06 00:00", "01-07 00:00..01-08 00:00"]);
}

#[test]
fn zones_are_found_by_many_names() {
    for (zone, utc) in [
        ("Europe/Berlin", "11:00"),
        ("\"W. Europe Standard Time\"", "11:00"),
        ("/freeassociation.sourceforge.net/Europe/Berlin", "11:00"),
        ("/mozilla.org/20050126_1/America/Argentina/Buenos_Aires", "15:00"),
        ("India Standard Time", "06:30"),
        ("GMT+0100", "11:00"),
        ("UTC", "12:00"),
    ] {
        assert_eq!(of_event(&format!("DTSTART;TZID={zone}:20260105T120000")), [format!("01-05 {utc}..01-05 {utc}")], "{zone}");
    }
    assert_eq!(
        problem(&event("DTSTART;TZID=Middle Earth:20260105T120000")),
        "the event `e`: its time zone `Middle Earth` is not known, and the calendar does not define it"
    );
}

#[test]
fn whole_days_are_those_of_the_calendar_else_of_the_environment_else_of_utc() {
    let usual = Zone::named(&"America/New_York".parse().unwrap());
    let first = |calendar: &str, usual: Option<&Zone>| {
        let within = Period::of(Utc.with_ymd_and_hms(2026, 1, 1, 0, 0, 0).unwrap(), chrono::TimeDelta::days(90));
        Calendar::read("x", calendar.as_bytes(), usual).unwrap().freezes(within).unwrap()[0].period.from.format("%H:%M").to_string()
    };
    let day = event("DTSTART;VALUE=DATE:20260105");
    assert_eq!((first(&day, None), first(&day, Some(&usual))), ("00:00".to_owned(), "05:00".to_owned()));
    let named = day.replace("BEGIN:VEVENT", "X-WR-TIMEZONE:Europe/Berlin\nBEGIN:VEVENT");
    assert_eq!(first(&named, Some(&usual)), "23:00");
}

#[test]
fn several_calendars_in_one_file_are_all_read_and_other_components_left_out() {
    let two = event("DTSTART;VALUE=DATE:20260105") + &event("DTSTART;VALUE=DATE:20260107").replace("SUMMARY:e", "SUMMARY:f");
    assert_eq!(freezes(&two, (2026, 1, 1), 30), ["01-05 00:00..01-06 00:00 e", "01-07 00:00..01-08 00:00 f"]);
    let todo = "BEGIN:VCALENDAR\nBEGIN:VTODO\nSUMMARY:x\nEND:VTODO\nEND:VCALENDAR\n";
    assert!(Calendar::read("x", todo.as_bytes(), None).unwrap().is_empty());
}

#[test]
fn what_cannot_be_read_is_told_by_the_events_name() {
    for (lines, told) in [
        ("DTEND:20260105T100000Z", "the event `e`: it has no DTSTART"),
        ("DTSTART:tomorrow", "the event `e`: `tomorrow` of DTSTART is no date"),
        ("DTSTART:20260230", "the event `e`: `20260230` of DTSTART is no date"),
        ("DTSTART:20260105T100000Z\nDTEND:20260105T090000Z", "the event `e`: it ends before it begins"),
        ("DTSTART:20260105T100000Z\nDURATION:1 hour", "the event `e`: `1 hour` is no length of time"),
        (
            "DTSTART:20260105T100000Z\nRECURRENCE-ID;RANGE=THISANDFUTURE:20260105T100000Z",
            "the event `e`: it changes all days after one of its series (RANGE), which is not understood",
        ),
    ] {
        assert_eq!(problem(&event(lines)), told);
    }
    let error = problem(&event("DTSTART:20260105T100000Z\nRRULE:FREQ=NEVER"));
    assert!(error.starts_with("the event `e`: the rule `FREQ=NEVER` cannot be read"), "{error}");
    let broken = event("DTSTART:20260105T100000Z").replace("BEGIN:VEVENT", "BEGIN:VTIMEZONE\nTZID:T\nEND:VTIMEZONE\nBEGIN:VEVENT");
    assert!(Calendar::read("x", broken.as_bytes(), None).is_ok(), "a zone that nobody uses");
    let used = broken.replace("DTSTART:20260105T100000Z", "DTSTART;TZID=T:20260105T100000");
    assert_eq!(problem(&used), "the event `e`: its time zone `T` cannot be read: it has neither STANDARD nor DAYLIGHT");
}

#[test]
fn a_large_calendar_is_read_in_reasonable_time() {
    let one = |number: usize| {
        format!(
            "BEGIN:VEVENT\r\nUID:{number}\r\nDTSTART;VALUE=DATE:20260105\r\nSUMMARY:n {number}\r\nDESCRIPTION:{}\r\nEND:VEVENT\r\n",
            "x".repeat(60)
        )
    };
    let whole = format!("BEGIN:VCALENDAR\r\n{}END:VCALENDAR\r\n", (0..20_000).map(one).collect::<String>());
    let began = std::time::Instant::now();
    assert_eq!(Calendar::read("x", whole.as_bytes(), None).unwrap().len(), 20_000);
    // Linear in its size it takes well under a second; a look at the rest of the file for each line took minutes.
    assert!(began.elapsed().as_secs() < 20, "{:?}", began.elapsed());
}
