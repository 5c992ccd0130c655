//! A table: columns as wide as their widest cell, two spaces between, nothing drawn.

use std::fmt;

use console::{measure_text_width, style};

/// Rows of cells. Cells may hold colours and wide characters; both are measured as they show.
pub(super) struct Table {
    rows: Vec<Vec<String>>,
    /// How wide each column is at least.
    at_least: Vec<usize>,
}

impl Table {
    /// With a line of titles.
    pub(super) fn new<const N: usize>(titles: [&str; N]) -> Self {
        Self {
            rows: vec![titles.iter().map(|title| style(*title).bold().to_string()).collect()],
            at_least: Vec::new(),
        }
    }

    /// Without.
    pub(super) fn plain() -> Self {
        Self::below(Vec::new())
    }

    /// Without titles, below a table that was this wide.
    pub(super) fn below(at_least: Vec<usize>) -> Self {
        Self { rows: Vec::new(), at_least }
    }

    pub(super) fn row<const N: usize>(&mut self, cells: [String; N]) {
        self.rows.push(cells.into());
    }

    /// How wide each column is.
    pub(super) fn widths(&self) -> Vec<usize> {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let width = |row: &Vec<String>, column: usize| {
            row.get(column).map_or(0, |cell: &String| measure_text_width(cell))
        };
        let least = |column: usize| self.at_least.get(column).copied().unwrap_or(0);
        let widest = |column| self.rows.iter().map(|row| width(row, column)).max().unwrap_or(0);
        (0..columns).map(|column| widest(column).max(least(column))).collect()
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let widths = self.widths();
        for row in &self.rows {
            let mut line = String::new();
            for (cell, width) in row.iter().zip(&widths) {
                line.push_str(cell);
                // Padding by what shows: format's own counts the bytes of colours.
                line.push_str(&" ".repeat(width - measure_text_width(cell) + 2));
            }
            writeln!(f, "{}", line.trim_end())?;
        }
        Ok(())
    }
}
