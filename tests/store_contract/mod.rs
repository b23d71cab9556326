//! What every read store does, whatever it keeps its rows in.
//!
//! A store passes by naming itself in a test file of its own:
//!
//! ```ignore
//! crate::store_contract!(sqlite, Directory::fresh());
//! ```
//!
//! The expression is an `async` factory of a [`Fixture`]: a place for one store, empty at first.
//! Nothing in here knows which store it is.

pub mod bulk;
pub mod changes;
pub mod dead_letters;
pub mod facts;
pub mod filling;
pub mod isolation;
pub mod popular;
pub mod positions;
pub mod product_facts;
pub mod reviews;
pub mod same;
pub mod support;

use std::sync::Arc;

use vitrine::store::ReadStore;

pub type Store = Arc<dyn ReadStore>;

/// A place for one store of a test's own.
pub trait Fixture {
    /// Opens the store in this place: empty the first time, later with all that was committed.
    /// An earlier one may still be open, as another process' would be.
    fn open(&self) -> impl Future<Output = Store>;

    /// Opens another generation beside the first one, which was opened before; empty the first time too.
    fn open_beside(&self) -> impl Future<Output = Store>;
}

/// The whole suite, as a module of tests.
#[macro_export]
macro_rules! store_contract {
    ($name:ident, $open:expr) => {
        mod $name {
            #[allow(unused_imports, reason = "what the factory names")]
            use super::*;

            $crate::store_contract! { @tests $open;
                positions: a_position_moves_only_from_where_it_is;
                positions: a_move_keeps_the_last_event;
                positions: one_conflict_leaves_every_partition_where_it_was;
                positions: partitions_are_told_apart;
                positions: settings_are_kept_changed_and_removed;
                isolation: a_dropped_transaction_leaves_nothing;
                isolation: a_transaction_sees_its_own_writes;
                isolation: a_snapshot_does_not_see_later_commits;
                isolation: reads_go_on_beside_a_transaction;
                isolation: outcomes_add_up;
                facts: facts_of_all_kinds_come_back;
                facts: removed_facts_are_known_and_not_live;
                facts: a_newer_version_replaces_all_of_a_fact;
                facts: extreme_values_come_back;
                facts: ids_are_bytes;
                product_facts: entities_move_between_products;
                product_facts: entities_may_come_before_their_product;
                product_facts: review_counts_add_up;
                product_facts: discounts_reach_by_every_kind_of_scope;
                product_facts: a_changed_scope_reaches_what_it_now_names;
                product_facts: live_products_come_in_byte_order;
                reviews: reviews_come_in_all_orders_page_by_page;
                reviews: a_page_shows_the_newest_five;
                reviews: places_that_nothing_stands_at_any_more_still_order;
                dead_letters: a_dead_letter_is_kept_whole_and_once;
                dead_letters: dead_letters_are_listed_page_by_page;
                dead_letters: only_a_newer_version_settles;
                dead_letters: only_open_ones_are_closed;
                bulk: facts_of_any_number;
                bulk: letters_of_any_number;
                changes: a_change_is_read_once_by_each_reader;
                changes: only_what_is_committed_is_read;
                changes: an_empty_change_is_not_written;
                changes: a_cursor_is_a_text;
                changes: an_image_is_known_by_its_note;
                changes: old_notes_of_images_go;
                changes: what_was_pruned_is_lost_to_old_cursors_only;
                changes: many_changes_are_pruned_in_steps;
                changes: too_many_changes_count_as_lost;
                changes: a_commit_is_hinted_at;
                changes: too_much_to_tell_is_everything;
                filling: what_is_filled_is_as_if_written;
                filling: filling_goes_on_after_a_crash;
                filling: what_was_filled_changes_as_any_other;
                filling: tables_that_are_in_use_keep_their_indexes;
                popular: popular_pages_come_in_order;
                popular: the_higher_rank_of_a_page_stays;
                popular: so_many_popular_pages_are_remembered;
            }
        }
    };
    (@tests $open:expr; $($area:ident: $test:ident;)+) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $test() {
                let fixture = $open.await;
                $crate::store_contract::$area::$test(&fixture).await;
            }
        )+
    };
}
