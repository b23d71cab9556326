//! A verdict in words.

use std::fmt::{self, Write};

use super::{Difference, Example, Judged, Verdict};

/// Examples that are written of a path; JSON has all that were kept.
const SHOWN: usize = 3;

impl Verdict {
    /// Writes what was compared, what differs, and what to do about it.
    ///
    /// # Errors
    ///
    /// Those of `out`.
    pub fn report(&self, judged: &Judged, out: &mut impl Write) -> fmt::Result {
        self.write_compared(out)?;
        if self.differences.is_empty() && self.other_differences == 0 {
            writeln!(out, "\nno differences")?;
        }
        for difference in &self.differences {
            let rule = judged.allowed.iter().find(|(path, _)| *path == difference.path);
            write_difference(difference, rule.map(|(_, rule)| rule.as_str()), out)?;
        }
        if self.other_differences > 0 {
            writeln!(out, "\nand {} answers that differ at further paths", self.other_differences)?;
        }
        self.write_advice(judged, out)
    }

    fn write_compared(&self, out: &mut impl Write) -> fmt::Result {
        let (live, new, compared) = (&self.live, &self.new, &self.compared);
        writeln!(
            out,
            "generation {} compared with generation {}, which is live, in {:.1} s, as of {}",
            new.generation,
            live.generation,
            self.took_ms as f64 / 1000.0,
            self.at
        )?;
        let drawn = |sampled: bool| if sampled { " (drawn by chance)" } else { "" };
        writeln!(out, "  products  {}{}", compared.products, drawn(self.products_sampled))?;
        writeln!(out, "  discounts {}", compared.discounts)?;
        writeln!(
            out,
            "  counts    live: {} products, {} open dead letters; new: {} and {}",
            live.products, live.dead_letters_open, new.products, new.dead_letters_open
        )?;
        if self.unsettled > 0 {
            writeln!(
                out,
                "  unsettled {}: they changed all the time, and do not count as different",
                self.unsettled
            )?;
        }
        Ok(())
    }

    fn write_advice(&self, judged: &Judged, out: &mut impl Write) -> fmt::Result {
        for rule in &judged.idle {
            writeln!(out, "\n--allow {rule} names none of the differences")?;
        }
        if judged.inconclusive {
            writeln!(
                out,
                "\nToo much could not be compared for a verdict: `vitrine rebuild` compares again; what changes \
                 all the time is quieter at another hour."
            )?;
        }
        if judged.untold {
            writeln!(
                out,
                "\nThere are too many different paths for rules to name them all: find out why the \
                 generations differ."
            )
        } else if !judged.refused.is_empty() {
            self.write_rules(judged, out)
        } else if judged.inconclusive {
            Ok(())
        } else if !judged.allowed.is_empty() {
            writeln!(out, "\nAll differences are allowed.")
        } else if self.unsettled > 0 {
            writeln!(
                out,
                "\nThe new generation answers as the live one does, where they could be compared."
            )
        } else {
            writeln!(out, "\nThe new generation answers as the live one does.")
        }
    }

    fn write_rules(&self, judged: &Judged, out: &mut impl Write) -> fmt::Result {
        writeln!(
            out,
            "\n{} of {} paths differ without being allowed. If the live generation is wrong there, \
                 or the difference is wanted, allow it:",
            judged.refused.len(),
            self.differences.len()
        )?;
        judged.refused.iter().try_for_each(|path| writeln!(out, "  --allow '{path}'"))
    }
}

fn write_difference(
    difference: &Difference,
    rule: Option<&str>,
    out: &mut impl Write,
) -> fmt::Result {
    let Difference { path, answers, examples } = difference;
    let answers_differ = if *answers == 1 { "answer differs" } else { "answers differ" };
    let allowed = rule.map(|rule| format!(" (allowed by {rule})")).unwrap_or_default();
    writeln!(out, "\n{path}: {answers} {answers_differ}{allowed}")?;
    examples.iter().take(SHOWN).try_for_each(|example| write_example(example, out))
}

fn write_example(example: &Example, out: &mut impl Write) -> fmt::Result {
    let Example { subject, field, market, group, at, live, new } = example;
    write!(out, "  {subject}")?;
    if !field.is_empty() {
        write!(out, ": {field}")?;
    }
    if let Some(market) = market {
        write!(out, ", market {market}")?;
        write!(out, ", {}", group.as_deref().map_or("everyone".into(), |g| format!("group {g}")))?;
    }
    if let Some(at) = at {
        write!(out, ", at {at}")?;
    }
    writeln!(out)?;
    writeln!(out, "    live: {live}")?;
    writeln!(out, "    new:  {new}")
}
