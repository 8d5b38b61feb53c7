-- Attempts to pay an order.
create table if not exists public.transactions (
    id uuid primary key,
    order_id bigint not null references public.orders (id) on delete cascade,
    method public.payment_method not null,
    amount numeric(12, 2) not null,
    status public.transaction_status not null default 'pending',
    processed_at timestamptz,
    modified_by text not null,
    modified_at timestamptz not null,
    change_info jsonb
);

create index if not exists transactions_order_id on public.transactions (order_id);

drop trigger if exists transactions_record_change on public.transactions;
create trigger transactions_record_change
    before insert or update on public.transactions
    for each row execute function public.shop_record_change();

comment on table public.transactions is 'Attempts to pay an order; a failed one is followed by another.';
comment on column public.transactions.id is 'Key.';
comment on column public.transactions.order_id is 'Order to be paid.';
comment on column public.transactions.method is 'How the user pays.';
comment on column public.transactions.amount is 'What is to be paid.';
comment on column public.transactions.status is 'pending, then captured or failed; a captured payment may be refunded.';
comment on column public.transactions.processed_at is 'When the payment provider last answered; null while pending.';
comment on column public.transactions.modified_by is 'Who made the last change: an actor of the shop or a database user.';
comment on column public.transactions.modified_at is 'When the last change was made.';
comment on column public.transactions.change_info is 'Old and new values of the columns the last change touched; overwritten by the next change.';
