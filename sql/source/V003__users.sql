-- People with an account.
create table if not exists public.users (
    id bigserial primary key,
    email text not null,
    full_name text not null,
    address jsonb not null,
    tags text[] not null default '{}',
    is_verified boolean not null default false,
    created_at timestamptz not null default now(),
    about text,
    modified_by text not null,
    modified_at timestamptz not null,
    change_info jsonb
);

drop trigger if exists users_record_change on public.users;
create trigger users_record_change
    before insert or update on public.users
    for each row execute function public.shop_record_change();

comment on table public.users is 'People with an account. A closed account is a deleted row.';
comment on column public.users.id is 'Key, drawn from a sequence.';
comment on column public.users.email is 'Address for letters; typed by the user, so not always plausible.';
comment on column public.users.full_name is 'Given and family name.';
comment on column public.users.address is 'Postal address: street, city, postcode, country.';
comment on column public.users.tags is 'Interests, in no order.';
comment on column public.users.is_verified is 'Whether the user has confirmed the email address.';
comment on column public.users.created_at is 'When the user signed up.';
comment on column public.users.about is 'What the user writes about themselves, often with a public key: many values are over 8 kB and stored out of line (TOAST).';
comment on column public.users.modified_by is 'Who made the last change: an actor of the shop or a database user.';
comment on column public.users.modified_at is 'When the last change was made.';
comment on column public.users.change_info is 'Old and new values of the columns the last change touched; overwritten by the next change.';
