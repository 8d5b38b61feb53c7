-- What users asked for. Orders outlive the account: the books need them.
create table if not exists public.orders (
    id bigserial primary key,
    user_id bigint references public.users (id) on delete set null,
    status public.order_status not null default 'pending',
    total_amount numeric(12, 2) not null,
    shipping_address jsonb not null,
    note text,
    ordered_at timestamptz not null default now(),
    modified_by text not null,
    modified_at timestamptz not null,
    change_info jsonb
);

create index if not exists orders_user_id on public.orders (user_id);

drop trigger if exists orders_record_change on public.orders;
create trigger orders_record_change
    before insert or update on public.orders
    for each row execute function public.shop_record_change();

comment on table public.orders is 'What users asked for. Cancelled orders are deleted in the end, with their items and transactions.';
comment on column public.orders.id is 'Key, drawn from a sequence.';
comment on column public.orders.user_id is 'Who ordered; null once the account is closed.';
comment on column public.orders.status is 'pending, paid, shipped, delivered; or cancelled before shipping; or returned after delivery.';
comment on column public.orders.total_amount is 'Sum of quantity × unit_price over the items.';
comment on column public.orders.shipping_address is 'Where the parcel goes: the address the user had when ordering.';
comment on column public.orders.note is 'Wish of the user for the delivery.';
comment on column public.orders.ordered_at is 'When the order was placed.';
comment on column public.orders.modified_by is 'Who made the last change: an actor of the shop or a database user.';
comment on column public.orders.modified_at is 'When the last change was made.';
comment on column public.orders.change_info is 'Old and new values of the columns the last change touched; overwritten by the next change.';
