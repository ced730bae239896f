//! What was done and what was left out, counted.

/// Counters since the correlator was made; those of a batch that is rolled back are taken back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Signals handed in.
    pub signals: u64,
    /// Signals that brought nothing new.
    pub duplicates: u64,
    /// Signals that added to one that was there.
    pub folded: u64,
    /// Signals older than the retention horizon, dropped.
    pub late: u64,
    /// Link keys that became hubs in one of their windows, as far as anybody is linked to them or they were
    /// counted by chance.
    pub hubs: u64,
    /// Pairs of names that turned out to be one person's or one machine's.
    pub aliases: u64,
    /// Names that turned out to stand for several.
    pub identities_ambiguous: u64,
    /// Names with more alerts or near members than are linked anew when they turn out to be one.
    pub aliased_skipped: u64,
    /// Addresses with more records behind a late claim than get their device.
    pub leases_skipped: u64,
    /// Incidents whose links were looked at anew because an entity in them is shared by more than was known.
    pub relinked: u64,
    /// Incidents too large for that, which keep their links.
    pub relinks_skipped: u64,
    /// Incidents that fell apart.
    pub incidents_split: u64,
    /// Link keys beyond the number that one signal may have, dropped.
    pub keys_dropped: u64,
    /// Memberships beyond the number that one signal may have, dropped.
    pub memberships_dropped: u64,
    /// Members that their incident counts but does not keep.
    pub members_counted_only: u64,
    /// Context that an opener did not look at because a hub has too much of it.
    pub context_skipped: u64,
    /// Incidents published for the first time.
    pub incidents_created: u64,
    /// Incidents that were not published when they began because their priority was too low or their one alert too light.
    pub candidates: u64,
    /// Those of them that were published later, or became part of another incident.
    pub candidates_over: u64,
    /// Times that a published incident was taken back, since what came later explains it.
    pub incidents_withdrawn: u64,
    /// Incidents merged into another.
    pub incidents_merged: u64,
    /// Incidents closed because they were quiet.
    pub incidents_closed: u64,
    /// Revisions published.
    pub revisions: u64,
    /// Revisions not published because nothing had changed.
    pub revisions_equal: u64,
    /// Matches of rules that were raised, repeats of a match that changed included.
    pub rule_alerts: u64,
    /// Records that came after a rule had decided about their time.
    pub rule_events_late: u64,
    /// Times that a rule gave up records or values of a group, which are bounded.
    pub rule_events_dropped: u64,
    /// Times that a rule did not follow a group because the tenant, or one signal, has too many.
    pub rule_groups_dropped: u64,
    /// Usage signals, which feed rules and join no incident.
    pub usage: u64,
    /// Commands handed in.
    pub commands: u64,
    /// Commands that were not done.
    pub commands_rejected: u64,
    /// Alerts that a rule or the inventory suppresses.
    pub suppressed: u64,
    /// Alerts that are raised so often about the same that they open nothing.
    pub common: u64,
    /// Times that two incidents were linked and not merged, for one of the reasons of [`schemas::RelatedReason`].
    pub merges_barred: u64,
    /// Relations beyond the number that one incident may have, dropped.
    pub related_dropped: u64,
    /// Signals whose state was removed by age.
    pub expired: u64,
}

impl Stats {
    /// What a bound or the time left out, in words, with how often; what is nothing is not named.
    pub fn left_out(&self) -> impl Iterator<Item = (&'static str, u64)> {
        let all = [
            ("signals that came too late", self.late),
            ("link keys", self.keys_dropped),
            ("memberships", self.memberships_dropped),
            ("members counted only", self.members_counted_only),
            ("incidents too light to be published", self.candidates.saturating_sub(self.candidates_over)),
            ("looks at a key with too much context", self.context_skipped),
            ("incidents too large to link anew", self.relinks_skipped),
            ("names with too much to link anew", self.aliased_skipped),
            ("looks at records behind a late lease", self.leases_skipped),
            ("relations", self.related_dropped),
            ("records that came after a rule decided", self.rule_events_late),
            ("records or values of a rule's group", self.rule_events_dropped),
            ("groups of rules", self.rule_groups_dropped),
        ];
        all.into_iter().filter(|(_, count)| *count > 0)
    }
}
