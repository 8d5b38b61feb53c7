-- The lines of an order.
create table if not exists public.order_items (
    order_id bigint not null references public.orders (id) on delete cascade,
    line_no integer not null,
    product_id uuid not null references public.products (id),
    quantity integer not null,
    unit_price numeric(12, 2) not null,
    modified_by text not null,
    modified_at timestamptz not null,
    change_info jsonb,
    primary key (order_id, line_no)
);

create index if not exists order_items_product_id on public.order_items (product_id);

drop trigger if exists order_items_record_change on public.order_items;
create trigger order_items_record_change
    before insert or update on public.order_items
    for each row execute function public.shop_record_change();

comment on table public.order_items is 'The lines of an order.';
comment on column public.order_items.order_id is 'Order; first part of the key.';
comment on column public.order_items.line_no is 'Position within the order, from 1; second part of the key.';
comment on column public.order_items.product_id is 'What was ordered.';
comment on column public.order_items.quantity is 'How many units.';
comment on column public.order_items.unit_price is 'Price of one unit when it was ordered.';
comment on column public.order_items.modified_by is 'Who made the last change: an actor of the shop or a database user.';
comment on column public.order_items.modified_at is 'When the last change was made.';
comment on column public.order_items.change_info is 'Old and new values of the columns the last change touched; overwritten by the next change.';
