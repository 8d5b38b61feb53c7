-- What the shop sells.
create table if not exists public.products (
    id uuid primary key,
    name text not null,
    category public.product_category not null,
    price numeric(12, 2) not null,
    stock integer not null,
    attributes jsonb not null default '{}',
    description text,
    modified_by text not null,
    modified_at timestamptz not null,
    change_info jsonb
);

drop trigger if exists products_record_change on public.products;
create trigger products_record_change
    before insert or update on public.products
    for each row execute function public.shop_record_change();

comment on table public.products is 'What the shop sells. A product that was never sold can be withdrawn, which deletes its row.';
comment on column public.products.id is 'Key.';
comment on column public.products.name is 'Name in the shop window.';
comment on column public.products.category is 'Department.';
comment on column public.products.price is 'Price of one unit today; what was paid is in order_items.unit_price.';
comment on column public.products.stock is 'Units in the warehouse. Not constrained: a shop that oversells shows a negative stock.';
comment on column public.products.attributes is 'Colour, material and whatever else the department records.';
comment on column public.products.description is 'Text of the product page with its data sheet: many values are over 8 kB and stored out of line (TOAST).';
comment on column public.products.modified_by is 'Who made the last change: an actor of the shop or a database user.';
comment on column public.products.modified_at is 'When the last change was made.';
comment on column public.products.change_info is 'Old and new values of the columns the last change touched; overwritten by the next change.';
