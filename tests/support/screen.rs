//! What a terminal shows of what was written to it, from its first line on: as much of one as `lifeboat` drives (ECMA-48).

/// A terminal without end downwards.
pub(crate) struct Screen {
    columns: usize,
    rows: Vec<Vec<char>>,
    row: usize,
    column: usize,
}

impl Screen {
    /// Its lines after these bytes, each without blanks at its end.
    pub(crate) fn of(bytes: &[u8], columns: usize) -> Vec<String> {
        let mut screen = Self { columns, rows: vec![Vec::new()], row: 0, column: 0 };
        let text = String::from_utf8_lossy(bytes).into_owned();
        let mut letters = text.chars();
        while let Some(letter) = letters.next() {
            match letter {
                '\r' => screen.column = 0,
                '\n' => screen.to(screen.row + 1, 0),
                '\u{8}' => screen.column = screen.column.saturating_sub(1),
                '\u{7}' => {}
                '\u{1b}' => screen.driven(&mut letters),
                letter => screen.show(letter),
            }
        }
        screen.rows.into_iter().map(|row| row.into_iter().collect::<String>().trim_end().to_owned()).collect()
    }

    fn to(&mut self, row: usize, column: usize) {
        (self.row, self.column) = (row, column);
        self.rows.resize(self.rows.len().max(row + 1), Vec::new());
    }

    fn driven(&mut self, letters: &mut std::str::Chars<'_>) {
        assert_eq!(letters.next(), Some('['), "an escape sequence of another kind");
        let mut number = String::new();
        let what = loop {
            match letters.next().expect("a sequence has an end") {
                letter if letter.is_ascii_alphabetic() => break letter,
                letter => number.push(letter),
            }
        };
        match what {
            'A' => self.to(self.row - number.parse::<usize>().expect("a number of rows"), self.column),
            'K' => self.rows[self.row].truncate(self.column),
            'J' => {
                self.rows[self.row].truncate(self.column);
                self.rows.truncate(self.row + 1);
            }
            'm' => {}
            other => panic!("{number}{other} is not known"),
        }
    }

    /// A terminal goes on in the next row only when there is something for it.
    fn show(&mut self, letter: char) {
        if self.column == self.columns {
            self.to(self.row + 1, 0);
        }
        let row = &mut self.rows[self.row];
        row.resize(row.len().max(self.column + 1), ' ');
        row[self.column] = letter;
        self.column += 1;
    }
}
